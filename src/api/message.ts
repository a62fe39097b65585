import { IsOptional, IsString, Length, Matches } from "class-validator"

/** Fields that every TCP message may have besides its own. */
export class Message {
  /** The name of the calling service; `created_by` becomes `tcp:` and this name. */
  @IsOptional()
  @Matches(/^\P{Cc}*$/u, { message: "Value for field 'caller' must not contain control characters" })
  @Length(1, 100)
  @IsString()
  caller?: string

  /** The token of this service, if the operator set one. */
  @IsOptional()
  @IsString()
  token?: string
}

/** A message with `fields`, as the query parameter over HTTP. */
export class SelectMessage extends Message {
  @IsOptional()
  @IsString()
  fields?: string
}

/** A message that changes something. It is executed once per key, however often it is sent. */
export class CommandMessage extends SelectMessage {
  @IsOptional()
  @Length(1, 255)
  @IsString()
  idempotency_key?: string
}

/** Gets one row by its id. */
export class IdMessage extends SelectMessage {
  @IsString()
  id!: string
}

/** Changes one row, by its id. */
export class IdCommand extends CommandMessage {
  @IsString()
  id!: string
}
