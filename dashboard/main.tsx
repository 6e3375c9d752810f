import '@fontsource-variable/inter/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import { CSPProvider } from '@base-ui/react/csp-provider'
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { createRoot } from 'react-dom/client'
import { ApiFailure } from './client.ts'
import { createDashboardRouter } from './routes.tsx'
import { applyTheme, storedTheme } from './theme.ts'

applyTheme(storedTheme())

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The stream of changes says when something is stale; this is for a stream that went unnoticed.
      staleTime: 30_000,
      // What the server refused stays refused; what did not reach it may get there the next time.
      retry: (failures, error) => !(error instanceof ApiFailure && error.status > 0) && failures < 2,
    },
  },
  queryCache: new QueryCache({
    onError: (error) => {
      if (error instanceof ApiFailure && error.status === 401) {
        void queryClient.invalidateQueries({ queryKey: ['session'] })
      }
    },
  }),
})

const router = createDashboardRouter()
const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no element #root to draw the dashboard in.')

createRoot(root).render(
  <CSPProvider disableStyleElements>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </CSPProvider>,
)
