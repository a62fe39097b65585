import { cellsOf, type Cell, type Contestant } from "./contestant.js"
import type { Sample } from "./measure.js"
import type { RowName } from "./rows.js"

type Name = Contestant["name"]

const FIGURES = ["requestsPerSecond", "p50", "p99", "cpuPerRequest", "rss"] as const
type Figures = Record<(typeof FIGURES)[number], number>

/** One cell: each contestant's medians over the rounds, and the service's in proportion to the others'. */
export interface CellSummary extends Cell {
  medians: Partial<Record<Name, Figures>>
  ratios: Partial<Record<`service/${Exclude<Name, "service">}`, Figures>>
}

export function summarize(rows: readonly RowName[], samples: Sample[]): CellSummary[] {
  return cellsOf(rows).map((cell) => {
    const here = samples.filter(({ row, connections }) => row === cell.row && connections === cell.connections)
    const medians: CellSummary["medians"] = {}
    for (const name of new Set(here.map(({ contestant }) => contestant))) {
      const own = here.filter(({ contestant }) => contestant === name)
      medians[name] = figures((figure) => median(own.map((sample) => sample[figure])))
    }
    const ratios: CellSummary["ratios"] = {}
    const { service } = medians
    for (const other of ["raw", "peer"] as const) {
      const theirs = medians[other]
      if (service && theirs) ratios[`service/${other}`] = figures((figure) => service[figure] / theirs[figure])
    }
    return { ...cell, medians, ratios }
  })
}

/** The summary as a text table: a line per contestant, and one per ratio below them. */
export function table(summary: CellSummary[]): string {
  const heading = ["row", "connections", "", "requests/s", "p50 ms", "p99 ms", "CPU ms/request", "RSS MB"]
  const lines = summary.flatMap(({ row, connections, medians, ratios }) => {
    const line = (name: string, of: Figures, digits: number[]) => [
      row,
      String(connections),
      name,
      ...FIGURES.map((figure, column) => of[figure].toFixed(digits[column])),
    ]
    return [
      ...Object.entries(medians).map(([name, of]) => line(name, of, [0, 2, 2, 2, 0])),
      ...Object.entries(ratios).map(([name, of]) => line(name, of, [2, 2, 2, 2, 2])),
    ]
  })
  return aligned([heading, ...lines])
}

function aligned(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const pad = (text: string, column: number) =>
    column < 3 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n")
}

function figures(of: (figure: (typeof FIGURES)[number]) => number): Figures {
  return Object.fromEntries(FIGURES.map((figure) => [figure, of(figure)])) as Figures
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2
}
