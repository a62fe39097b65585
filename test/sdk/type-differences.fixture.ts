// Pairs of types whose differences are known, for the test of the comparison itself.

interface Inner {
  status: "one" | "two"
  nullable?: string
  list: string[]
  date: Date
}

interface Outer {
  inner: Inner
  needed: number
  other: number
  outer?: Outer
}

interface OtherInner {
  status: "one" | "other"
  nullable: string | null
  list: (string | number)[]
  date: Date
}

interface OtherOuter {
  inner: OtherInner
  needed?: number
  outer?: OtherOuter
}

interface Circle {
  id: string
  next?: Circle
  all: Circle[]
}

interface OtherCircle {
  id: string
  more: number
  next: OtherCircle
  all: OtherCircle[]
}

interface Small {
  id: string
  extra?: string
}

export interface Unlike {
  objects: { from: OtherOuter; to: Outer }
  texts: { from: string | number; to: number }
}

export interface Alike {
  circles: { from: OtherCircle; to: Circle }
}

export interface Larger {
  objects: { from: Small; to: { id: string } }
}

export interface Signatures {
  functions: { from: { id: string }; to: { id: string; (): void } }
}
