import { Injectable } from "@nestjs/common"
import { DataSource } from "typeorm"
import { NotFound } from "../common/errors.js"
import type { Selection } from "../common/fields.js"
import { readGraph, ROOT } from "../database/read-graph.js"
import { readPage, type PageOf } from "../database/read-page.js"
import type { Payment } from "../payment-model/payment.entity.js"
import { PAYMENT_FILTERS, type ListPaymentsQuery } from "./payment.dto.js"

/** Reads payments with no more than the selection asks for. */
@Injectable()
export class PaymentsService {
  constructor(private readonly dataSource: DataSource) {}

  async list(query: ListPaymentsQuery, selection: Selection): Promise<PageOf<Payment>> {
    return readPage<Payment>(this.dataSource.manager, selection, PAYMENT_FILTERS, query)
  }

  /** @throws NotFound */
  async get(id: string, selection: Selection): Promise<Payment> {
    const [payment] = await readGraph<Payment>(this.dataSource.manager, selection, {
      where: `${ROOT}.id = $1`,
      parameters: [id],
    })
    if (!payment) throw new NotFound(`Payment with id: ${id} was not found`)
    return payment
  }
}
