/**
 * From now on only the process's own user can read the files that it writes, also if it was started with another umask: the data folder
 * holds the payments, and its lock endpoint creates keys. The entry points import this module before any other. Imports
 * run before the first statement of a module, so a statement there would be too late for an import that writes.
 */
process.umask(0o077)
