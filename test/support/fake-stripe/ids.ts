import { randomBytes } from "node:crypto"

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const randomText = (length: number): string =>
  Array.from(randomBytes(length), (byte) => ALPHABET[byte % ALPHABET.length]).join("")

/** An id as Stripe gives them out: `pi_3PgafyB7WZ01zgkWSjxsAJo3`. */
export const newId = (prefix: string): string => `${prefix}_${randomText(24)}`

export const newClientSecret = (id: string): string => `${id}_secret_${randomText(25)}`

/** Unix seconds. */
export const now = (): number => Math.floor(Date.now() / 1000)

/** Changes an object that is kept, by the type of its fields. */
export const change = <T extends object>(kept: T, changes: Partial<T>): T => Object.assign(kept, changes)
