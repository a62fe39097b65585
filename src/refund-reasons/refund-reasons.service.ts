import { Injectable } from "@nestjs/common"
import { InjectRepository } from "@nestjs/typeorm"
import { IsNull, Repository, type EntityManager } from "typeorm"
import { excerpt, NotFound } from "../common/errors.js"
import type { Selection } from "../api/fields/fields.js"
import { newId } from "../common/ids.js"
import { ROOT } from "../database/statements/read-graph.js"
import { searchedSql } from "../api/lists/list-query.js"
import { readList } from "../api/lists/read-list.js"
import type { PageOf } from "../database/statements/read-page.js"
import { translateConstraintError } from "../payment-model/constraints.js"
import { RefundReason } from "../payment-model/entities/refund-reason.entity.js"
import {
  REFUND_REASON_FILTERS,
  REFUND_REASONS_LIMIT,
  type CreateRefundReasonRequest,
  type ListRefundReasonsQuery,
  type UpdateRefundReasonRequest,
} from "./refund-reason.dto.js"

/** The reasons that a merchant offers for refunds. No two live ones share a code; the index decides, under any race. */
@Injectable()
export class RefundReasonsService {
  constructor(@InjectRepository(RefundReason) private readonly reasons: Repository<RefundReason>) {}

  async list(query: ListRefundReasonsQuery, selection: Selection): Promise<PageOf<RefundReason>> {
    const { q } = query
    const search =
      typeof q === "string"
        ? {
            where: `(${["label", "code", "description"].map((name) => `${searchedSql(`${ROOT}.${name}`)} ILIKE $1`).join(" OR ")})`,
            parameters: [`%${q}%`],
          }
        : undefined
    return readList<RefundReason>(
      this.reasons.manager,
      selection,
      REFUND_REASON_FILTERS,
      query,
      search,
      REFUND_REASONS_LIMIT,
    )
  }

  /** @throws NotFound also for one that was deleted: only the refunds that name it still show it */
  async get(id: string): Promise<RefundReason> {
    const reason = await this.reasons.findOneBy({ id })
    if (!reason) throw refundReasonNotFound(id)
    return reason
  }

  /** For a refund that is to name it. @throws NotFound also for one that was deleted */
  async check(tx: EntityManager, id: string): Promise<void> {
    if (!(await tx.existsBy(RefundReason, { id }))) throw chosenReasonNotFound(id)
  }

  /** @throws Duplicate when a live reason has the code */
  async create({ label, code, description }: CreateRefundReasonRequest): Promise<RefundReason> {
    const id = newId("refr")
    await refusedInWords(this.reasons.insert({ id, label, code, description: description ?? null }))
    return this.get(id)
  }

  /** Changes what is given and leaves the rest. @throws NotFound, Duplicate */
  async update(id: string, { label, code, description }: UpdateRefundReasonRequest): Promise<RefundReason> {
    const changes = { label, code, description, updated_at: new Date() }
    const updating = this.reasons.update({ id, deleted_at: IsNull() }, changes)
    const { affected } = await refusedInWords(updating)
    if (!affected) throw refundReasonNotFound(id)
    return this.get(id)
  }

  /** The code is free again. @throws NotFound */
  async delete(id: string): Promise<void> {
    const { affected } = await this.reasons.softDelete({ id, deleted_at: IsNull() })
    if (!affected) throw refundReasonNotFound(id)
  }
}

/** A code that is taken is a refusal of this request, which is kept under its idempotency key. */
async function refusedInWords<T>(writing: Promise<T>): Promise<T> {
  try {
    return await writing
  } catch (error) {
    throw translateConstraintError(error) ?? error
  }
}

export function refundReasonNotFound(id: string): NotFound {
  return new NotFound(`RefundReason with id "${excerpt(id)}" not found`)
}

/** The reason that a refund names. */
function chosenReasonNotFound(id: string): NotFound {
  return new NotFound(`RefundReason id not found: ${excerpt(id)}`, {
    details: [{ field: "refund_reason_id", message: "GET /admin/refund-reasons lists the reasons." }],
  })
}
