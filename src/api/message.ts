import { IsOptional, IsString, Length, Matches } from "class-validator"

/** What every TCP message may carry besides its own fields. */
export class Message {
  /** The name of the calling service; `created_by` becomes `tcp:` and this name. */
  @IsOptional()
  @Matches(/^\P{Cc}*$/u, { message: "Value for field 'caller' must not contain control characters" })
  @Length(1, 100)
  @IsString()
  caller?: string

  /** The token of this service, where the operator set one. */
  @IsOptional()
  @IsString()
  token?: string
}

/** A message whose answer can be selected of, as by the query parameter over HTTP. */
export class SelectMessage extends Message {
  @IsOptional()
  @IsString()
  fields?: string
}

/** A message that changes something; the same key makes it the same command, however often it comes. */
export class CommandMessage extends SelectMessage {
  @IsOptional()
  @Length(1, 255)
  @IsString()
  idempotency_key?: string
}

/** Asks for one thing by its id. */
export class IdMessage extends SelectMessage {
  @IsString()
  id!: string
}

/** Changes one thing, by its id. */
export class IdCommand extends CommandMessage {
  @IsString()
  id!: string
}
