/** Counts what the sequences came to, so that one can see whether they come anywhere. */
export class Tally {
  private readonly counts = new Map<string, number>()

  count(what: string, times = 1): void {
    this.counts.set(what, this.of(what) + times)
  }

  of(what: string): number {
    return this.counts.get(what) ?? 0
  }

  toString(): string {
    const lines = [...this.counts].sort(([left], [right]) => (left < right ? -1 : 1))
    return lines.map(([what, count]) => `${String(count).padStart(7)} ${what}`).join("\n")
  }
}
