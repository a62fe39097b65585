import { describe, expect, it } from "@jest/globals"
import { parseFields, selectableNames, type Audience, type Selection } from "./fields.js"
import { defineResource, Field, Related, registerResources } from "./resource.js"
import { renderRow } from "./view.js"

class Rows {
  readonly id = ""
}

class Shelf {
  @Field({}) id!: string
  @Field({}) label!: string
  @Field({ adminOnly: true }) secret!: string
  @Related("spec_book", { description: "", many: true }) books?: Book[]
}

class Book {
  @Field({}) id!: string
  @Field({}) title!: string
  @Related("spec_cover", { description: "", withParent: true }) cover?: unknown
  @Related("spec_shelf", { description: "" }) shelf?: unknown
}

class Cover {
  @Field({}) id!: string
  @Field({}) colour!: string
}

const resource = (name: string, type: new () => object) =>
  defineResource({ name, type, rows: Rows, toResponse: (row: object) => row })

const shelf = resource("spec_shelf", Shelf)
const book = resource("spec_book", Book)
const cover = resource("spec_cover", Cover)
registerResources([shelf, book, cover])

const DEFAULTS = ["label", "books.title"]

/** A selection as the paths it answers. */
function paths(selection: Selection, prefix = ""): string[] {
  return [
    ...[...selection.scalars].map((name) => prefix + name),
    ...[...selection.relations].flatMap(([name, child]) => paths(child, `${prefix}${name}.`)),
  ].sort()
}

const select = (fields?: string, audience: Audience = "store") => paths(parseFields(shelf, DEFAULTS, fields, audience))

const EVERY_DEFAULT = ["books.id", "books.title", "id", "label"]

describe("fields", () => {
  it.each<[string, string | undefined, string[]]>([
    ["absent", undefined, EVERY_DEFAULT],
    ["empty", "", EVERY_DEFAULT],
    ["nothing but commas", ",,", EVERY_DEFAULT],
    ["a list replaces the defaults", "label", ["id", "label"]],
    ["the id alone", "id", ["id"]],
    ["blanks around names", "label , id", ["id", "label"]],
    ["a plus adds", "+books.cover.colour", ["books.cover.colour", "books.cover.id", ...EVERY_DEFAULT]],
    ["a blank is a decoded plus", " books.cover.colour", ["books.cover.colour", "books.cover.id", ...EVERY_DEFAULT]],
    ["a minus removes", "-label", ["books.id", "books.title", "id"]],
    ["a minus removes a whole relation", "-books", ["id", "label"]],
    ["a starred minus removes a whole relation", "-*books", ["id", "label"]],
    ["a minus with .* removes a whole relation", "-books.*", ["id", "label"]],
    ["a minus removes a column of a relation", "-books.title", ["books.id", "id", "label"]],
    ["the id cannot be removed", "-id", EVERY_DEFAULT],
    [
      "a star expands a relation and what comes with it",
      "*books",
      ["books.cover.colour", "books.cover.id", ...EVERY_DEFAULT],
    ],
    ["a trailing star does the same", "books.*", ["books.cover.colour", "books.cover.id", ...EVERY_DEFAULT]],
    [
      "a plain relation name is the same, and replaces",
      "books",
      ["books.cover.colour", "books.cover.id", "books.id", "books.title", "id"],
    ],
    ["a relation inside a relation", "books.shelf.label", ["books.id", "books.shelf.id", "books.shelf.label", "id"]],
    ["one plain name makes the list replace, minus included", "label,-label", ["id", "label"]],
    [
      "one plain name makes the list replace, plus included",
      "+label,books.title",
      ["books.id", "books.title", "id", "label"],
    ],
    ["a star and a plain name", "id,*books", ["books.cover.colour", "books.cover.id", "books.id", "books.title", "id"]],
    [
      "the last of two opposites wins",
      "-books,*books.cover",
      ["books.cover.colour", "books.cover.id", "books.id", "id", "label"],
    ],
    ["a lone star is all scalars", "*,-books", ["id", "label"]],
    [
      "a relation to one leads back, and brings no relations along",
      "books.shelf,books.shelf.*",
      ["books.id", "books.shelf.id", "books.shelf.label", "id"],
    ],
  ])("%s: %p", (_, fields, expected) => {
    expect(select(fields)).toEqual([...expected].sort())
  })

  it.each([
    ["nope", ["nope"]],
    ["label,nope", ["nope"]],
    ["+nope", ["nope"]],
    ["-nope", ["nope"]],
    ["*nope", ["*nope"]],
    ["books.nope,label,wrong", ["books.nope", "wrong"]],
    ["label.id", ["label.id"]],
    ["books.", ["books."]],
    [".", ["."]],
    ["+", [""]],
    ["__proto__", ["__proto__"]],
    ["constructor.name", ["constructor.name"]],
    ["secret", ["secret"]],
  ])("refuses %p, naming the unknown names alone", (fields, unknown) => {
    const named = unknown.map((name) => `'${name}'`).join(", ")
    expect(() => parseFields(shelf, DEFAULTS, fields, "store")).toThrow(
      expect.objectContaining({
        kind: "invalid_data",
        message: `Invalid request: Unknown names in 'fields': ${named}`,
        details: [
          expect.objectContaining({
            allowed: ["id", "label", "books", "books.id", "books.title", "books.cover", "books.shelf"],
          }),
        ],
      }),
    )
  })

  it.each([
    "books.shelf.books",
    "*books.shelf.books",
    "books.shelf.books.title",
    "-books.shelf.books",
    "books.shelf.books.*",
  ])("refuses %s, which leads back to more than one row", (path) => {
    expect(() => parseFields(shelf, DEFAULTS, path, "store")).toThrow(/leads back .* \*?books\.shelf\.books/)
  })

  it("refuses more names than there are, and names only some of those that it does not know", () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `${"x".repeat(300)}${index}`).join(",")
    expect(() => parseFields(shelf, DEFAULTS, names(501), "store")).toThrow("the maximum of 500 names")
    try {
      parseFields(shelf, DEFAULTS, names(500), "store")
      throw new Error("nothing was refused")
    } catch (error) {
      expect((error as Error).message).toMatch(/^Invalid request: Unknown names/)
      expect((error as Error).message.length).toBeLessThanOrEqual(1_000)
    }
  })

  it("has names for operators alone, which no star brings", () => {
    expect(select("+secret", "admin")).toContain("secret")
    expect(select("*", "admin")).not.toContain("secret")
    expect(selectableNames(shelf, "store")).toEqual(["id", "label", "books"])
    expect(selectableNames(cover, "admin")).toEqual(["id", "colour"])
    expect(selectableNames(book, "store")).toEqual(["id", "title", "cover", "shelf"])
  })
})

describe("a response", () => {
  const row = { id: "s1", label: "top", secret: "x", books: [{ id: "b1", title: "One", cover: null }], extra: 1 }

  const render = (fields: string) => renderRow(row, parseFields(shelf, [], fields, "store"), shelf, "store")

  it("has what is selected and nothing else", () => {
    expect(render("books.title")).toEqual({
      id: "s1",
      books: [{ id: "b1", title: "One" }],
    })
    expect(render("label")).toEqual({ id: "s1", label: "top" })
  })

  it("keeps a relation that is null", () => {
    expect(render("books.cover")).toEqual({
      id: "s1",
      books: [{ id: "b1", cover: null }],
    })
  })
})
