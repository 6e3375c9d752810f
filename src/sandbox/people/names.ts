/** What people of the sandbox may be called, and where their mail would go: reserved domains only (RFC 2606). */

/** Given names and family names that go together. */
export const NAMES: readonly { given: readonly string[]; family: readonly string[] }[] = [
  from(
    'Amara Chidi Ngozi Tunde Ifeoma Kelechi Adaeze Emeka',
    'Okafor Adeyemi Balogun Eze Nwosu Obi Okonkwo Bello',
  ),
  from(
    'Maria Diego Lucía Mateo Valentina Javier Camila Andrés',
    'García Ramírez Torres Mendoza Rojas Castillo Herrera Vega',
  ),
  from(
    'Priya Arjun Ananya Rohan Kavya Vikram Meera Nikhil',
    'Sharma Iyer Patel Nair Reddy Banerjee Kulkarni Menon',
  ),
  from(
    'Hanna Erik Astrid Lars Ingrid Nils Freja Oskar',
    'Lindqvist Berg Johansson Nyström Holm Dahl Ekström Vik',
  ),
  from('Kenji Yuki Haruto Aiko Sora Naomi Ren Emi', 'Watanabe Tanaka Mori Suzuki Ishikawa Ono Kimura Sato'),
  from('Wei Mei Jun Lian Hao Xin Yifan Jing', 'Chen Li Wang Zhang Liu Zhao Lin Huang'),
  from(
    'Sarah James Emily Daniel Grace Thomas Hannah Samuel',
    'Walker Hughes Bennett Clarke Foster Morgan Reid Shaw',
  ),
  from(
    'Aisha Omar Leila Yusuf Salma Karim Nadia Hassan',
    'Rahman Haddad Khalil Nasser Mansour Aziz Farouk Saleh',
  ),
  from(
    'Katarzyna Piotr Zofia Jakub Elena Nikolai Daria Marek',
    'Kowalska Nowak Wiśniewski Zieliński Petrov Novák Horváth Marić',
  ),
  from(
    'Chloé Julien Camille Hugo Margaux Théo Inès Antoine',
    'Moreau Lefèvre Garnier Rousseau Fontaine Mercier Blanc Dumas',
  ),
  from('Minh Linh Thảo Quân Jiwoo Minseo Hyun Sora', 'Nguyễn Trần Phạm Lê Kim Park Choi Jung'),
  from(
    'Kaia Tama Leilani Sione Aroha Malia Rangi Teuila',
    'Kahale Ngata Tamihana Fonoti Parata Tupou Walker Ioane',
  ),
  from(
    'Aaliyah Marcus Imani Darnell Jasmine Terrence Nia Andre',
    'Washington Jefferson Coleman Brooks Hayes Simmons Ford Grant',
  ),
  from(
    'Giulia Lorenzo Sofia Matteo Anna Felix Clara Jonas',
    'Rossi Ferrari Conti Ricci Schneider Vogel Hartmann Keller',
  ),
]

export const DOMAINS = [
  'example.com',
  'example.org',
  'example.net',
  'mail.example',
  'post.example',
  'studio.example',
  'inbox.example',
  'hey.example',
] as const

export const TIMEZONES = [
  'America/New_York',
  'America/Los_Angeles',
  'America/Mexico_City',
  'Europe/London',
  'Europe/Berlin',
  'Africa/Lagos',
  'Asia/Kolkata',
  'Asia/Tokyo',
  'Pacific/Auckland',
] as const

function from(given: string, family: string): { given: string[]; family: string[] } {
  return { given: given.split(' '), family: family.split(' ') }
}
