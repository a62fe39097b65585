import { randomBytes } from "node:crypto"

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const randomText = (length: number): string =>
  Array.from(randomBytes(length), (byte) => ALPHABET[byte % ALPHABET.length]).join("")

/** An id in the form of Stripe's: `pi_3PgafyB7WZ01zgkWSjxsAJo3`. */
export const newId = (prefix: string): string => `${prefix}_${randomText(24)}`

export const newClientSecret = (id: string): string => `${id}_secret_${randomText(25)}`

/** Changes a stored object; the compiler checks the fields. */
export const change = <T extends object>(stored: T, changes: Partial<T>): T => Object.assign(stored, changes)
