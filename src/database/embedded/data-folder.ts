import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statSync,
} from "node:fs"
import { dirname, join } from "node:path"

/** The data folder cannot be used. The message is one line that says why. */
export class DataFolderUnusable extends Error {}

/** The rights of everybody but the owner. */
const RIGHTS_OF_OTHERS = 0o077

/**
 * Creates the data folder, or opens the one that exists, and closes it to other users.
 * @returns its real path, because a symbolic link can be pointed elsewhere later
 * @throws DataFolderUnusable
 */
export function openDataFolder(folder: string): string {
  return orUnusable(folder, () => {
    createFolder(folder)
    const real = ownDataFolder(folder)
    if (isPosix && (statSync(real).mode & 0o777) !== 0o700) chmodSync(real, 0o700)
    // Only now, because nobody can add one any more.
    if (isPosix) refuseForeignEntries(real, statSync(real).uid)
    accessSync(real, constants.R_OK | constants.W_OK | constants.X_OK)
    return real
  })
}

/** With the folders above it. Node's own `recursive` tries for ever where none can be created, as below /proc. */
function createFolder(folder: string): void {
  if (existsSync(folder)) return
  createFolder(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // Another process may have been faster.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  }
}

/**
 * The real path of an existing data folder, which has to belong to the user of this process: another owner could read and
 * replace whatever is written there. That holds for root too.
 * @throws DataFolderUnusable
 */
export function ownDataFolder(folder: string): string {
  return orUnusable(folder, () => {
    const real = realpathSync(folder)
    const owner = statSync(real).uid
    const user = process.getuid?.() ?? owner
    if (owner !== user) {
      throw new DataFolderUnusable(
        `The data folder ${real} belongs to user ${owner}, and this process runs as user ${user}. Run it as user ${owner}, give the folder to this one (chown -R ${user} ${real}), or set DATA_DIR to a folder of its own.`,
      )
    }
    return real
  })
}

/**
 * Closes all that is in the data folder to other users: an older version, or another umask, may have left it open. Only
 * for the process that has the folder. Files of other users and the targets of symbolic links stay as they are.
 * @throws DataFolderUnusable
 */
export function closeFilesToOthers(folder: string): void {
  if (!isPosix) return
  orUnusable(folder, () => {
    closeEntries(folder, statSync(folder).uid)
  })
}

/**
 * An entry that another user has put into the folder could lead our writes to a file of theirs.
 * @throws DataFolderUnusable
 */
function refuseForeignEntries(folder: string, user: number): void {
  for (const entry of readdirSync(folder)) {
    const path = join(folder, entry)
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (!found) continue
    if (found.isSymbolicLink() || found.uid !== user) {
      const what = found.isSymbolicLink() ? "a symbolic link" : `of user ${found.uid}`
      throw new DataFolderUnusable(
        `The data folder has an entry that does not belong there: ${path} is ${what}. Remove it if you did not put it there, or set DATA_DIR to another folder.`,
      )
    }
    if (found.isDirectory()) refuseForeignEntries(path, user)
  }
}

function closeEntries(folder: string, user: number): void {
  for (const entry of readdirSync(folder)) {
    const path = join(folder, entry)
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (!found || found.isSymbolicLink() || found.uid !== user) continue
    // The folder first: once it is closed, nobody can replace what is closed in it next.
    if (found.mode & RIGHTS_OF_OTHERS) closeEntry(path, found.isDirectory() ? 0o700 : 0o600)
    if (found.isDirectory()) closeEntries(path, user)
  }
}

/** A process that is refused the folder removes its lock endpoint meanwhile. */
function closeEntry(path: string, mode: number): void {
  try {
    chmodSync(path, mode)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
  }
}

/** Windows has owners and rights of another kind. */
const isPosix = process.platform !== "win32"

function orUnusable<T>(folder: string, use: () => T): T {
  try {
    return use()
  } catch (error) {
    if (error instanceof DataFolderUnusable) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new DataFolderUnusable(
      `The data folder ${folder} cannot be written (${code}). Set DATA_DIR to one that can, or DATABASE_URL to a PostgreSQL.`,
    )
  }
}
