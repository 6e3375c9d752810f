/**
 * Where the sandbox's world lives: named collections of plain objects, held in memory and written through to one
 * SQLite file on every change. A write is in the operating system's hands when `put` returns, so `kill -9` loses
 * nothing (a power cut may, and may: it is a sandbox).
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'

/** A sandbox that is just ending still has its file for a moment. */
const LOCK_WAIT_MS = 2_000

export type Collection<T> = {
  get(id: string): T | undefined
  /** Adds or replaces; a replaced object keeps its place in the order. */
  put(id: string, value: T): T
  delete(id: string): boolean
  /** Every object, in the order in which they were first put. */
  values(): T[]
  /** The same, each with its id. */
  entries(): [string, T][]
  clear(): void
}

export type Store = {
  /** Opens a collection, with what earlier processes left in it. Open each name once. */
  collection<T>(name: string): Collection<T>
  /** Closes the file. What still runs in the background may go on changing its objects; nothing more is kept. */
  close(): void
}

/**
 * Opens the store.
 * @param file path of the SQLite file, or `:memory:`
 * @param onChange called after every change
 * @throws Error in plain words when another sandbox has the file open
 */
export function openStore(file: string, onChange: () => void): Store {
  const database = openDatabase(file)
  let open = true
  const keep = (statement: StatementSync, ...values: string[]) => {
    if (!open) return
    statement.run(...values)
    onChange()
  }
  const select = database.prepare('SELECT id, json FROM objects WHERE collection = ? ORDER BY rowid')
  const upsert = database.prepare(
    `INSERT INTO objects (collection, id, json) VALUES (?, ?, ?)
     ON CONFLICT (collection, id) DO UPDATE SET json = excluded.json`,
  )
  const remove = database.prepare('DELETE FROM objects WHERE collection = ? AND id = ?')
  const removeAll = database.prepare('DELETE FROM objects WHERE collection = ?')

  return {
    collection<T>(name: string): Collection<T> {
      const objects = new Map<string, T>()
      for (const row of select.all(name)) objects.set(String(row.id), JSON.parse(String(row.json)) as T)
      return {
        get: (id) => objects.get(id),
        put(id, value) {
          objects.set(id, value)
          keep(upsert, name, id, JSON.stringify(value))
          return value
        },
        delete(id) {
          const existed = objects.delete(id)
          if (existed) keep(remove, name, id)
          return existed
        },
        values: () => [...objects.values()],
        entries: () => [...objects.entries()],
        clear() {
          objects.clear()
          keep(removeAll, name)
        },
      }
    },
    close() {
      open = false
      database.close()
    },
  }
}

function openDatabase(file: string): DatabaseSync {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true })
  const database = new DatabaseSync(file, { timeout: LOCK_WAIT_MS })
  try {
    // An exclusive lock keeps a second sandbox off the same world; the system frees it however the process ends.
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = OFF;
      CREATE TABLE IF NOT EXISTS objects (
        collection TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (collection, id)
      );`)
  } catch (error) {
    database.close()
    if (!/locked|busy/i.test(String(error))) throw error
    throw new Error(`Another sandbox is using ${file}. Stop it, or set SANDBOX_STATE_FILE to another file.`, {
      cause: error,
    })
  }
  return database
}
