import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"

/** Clock ticks per second, which /proc counts CPU time in. */
const TICKS = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }))

/** CPU time in milliseconds that a process has used so far, user and system. Linux only. */
export function cpuTime(pid: number): number {
  const fields = statusOf(pid)
  return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1000
}

/** Whether a process was stopped by SIGSTOP, so that it answers nothing until SIGCONT. */
export function isStopped(pid: number): boolean {
  return statusOf(pid)[0] === "T"
}

/** Resident memory of a process in MB. */
export function residentMemory(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
  return Number(kilobytes) / 1024
}

/** From the state on. */
function statusOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  // The name of the program may hold spaces; it ends with the last parenthesis, and the state comes next.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")
}
