import { Field } from "./resource.js"

// The kinds of fields that most resources have, so that each is documented in the same way everywhere.

/** An amount, in major units of the currency that stands next to it. */
export function AmountField(description: string, example: number): PropertyDecorator {
  return Field({ description: `${description}, in major units.`, example })
}

export function CurrencyField(): PropertyDecorator {
  return Field({ description: "ISO 4217 code in lower case.", example: "eur" })
}

/** A point in time. */
export function TimeField(description: string, example: string): PropertyDecorator {
  return Field({ description, type: String, format: "date-time", example })
}

/** A point in time that may not have come yet. */
export function OptionalTimeField(description: string, example: string | null = null): PropertyDecorator {
  return Field({ description, type: String, format: "date-time", nullable: true, example })
}

/** A JSON object of any shape. */
export function ObjectField(description: string, { nullable = false } = {}): PropertyDecorator {
  return Field({ description, type: "object", additionalProperties: true, nullable, example: nullable ? null : {} })
}

/** The free data of a row. */
export function MetadataField({ nullable = true } = {}): PropertyDecorator {
  return ObjectField("Free data of the operator's.", { nullable })
}

/** A text that may be null. */
export function OptionalTextField(description: string, example: string | null): PropertyDecorator {
  return Field({ description, type: String, nullable: true, example })
}
