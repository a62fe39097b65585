import { Initial1795392000000 } from "./1795392000000-initial.js"

/** In the order in which they run. */
export const migrations = [Initial1795392000000]
