const element = (id) => document.getElementById(id)

/** The parts of the page. One is shown at a time. */
const PARTS = ["waiting", "form", "result"]

/** The element for the fields of Stripe.js. */
export const paymentElement = element("payment-element")

export function onPay(pay) {
  element("form").addEventListener("submit", (event) => {
    event.preventDefault()
    pay()
  })
}

export function showItems({ items, currency_code }) {
  element("items").replaceChildren(
    ...items.map(({ name, quantity, total }) => {
      const row = document.createElement("li")
      row.append(cell("item-name", name), cell("item-quantity", `× ${quantity}`), cell("", money(total, currency_code)))
      return row
    }),
  )
}

/** Shows the payment service's amount, which equals the cart's as soon as the shop has reported each change. */
export function showTotal({ amount, currency_code }) {
  element("total").textContent = money(amount, currency_code)
}

export function showWaiting(text) {
  element("waiting").textContent = text
  show("waiting")
}

/** @param session its amount is due: a part of the total if another part is paid already */
export function showForm({ amount, currency_code }, message) {
  element("message").textContent = message
  const button = element("pay")
  button.textContent = `Pay ${money(amount, currency_code)}`
  button.disabled = false
  show("form")
}

export function showPaying() {
  element("message").textContent = ""
  const button = element("pay")
  button.textContent = "Paying…"
  button.disabled = true
}

export function showPaid({ authorized_amount, currency_code }) {
  showResult(
    "paid",
    "Thank you for your order",
    `Your payment of ${money(authorized_amount, currency_code)} is authorized.`,
  )
}

export function showProcessing() {
  showResult("open", "Your payment is on its way", "Your bank needs some time. You need not wait here, nor pay again.")
}

export function showElsewhere() {
  showResult(
    "open",
    "Your payment is being confirmed",
    "You started it in another browser. Look for the result there, and do not pay again here.",
  )
}

export function showProblem() {
  showResult(
    "open",
    "We do not know the state of your payment",
    "Something does not respond at the moment. If you have paid already, do not pay again: check in a moment.",
  )
}

/** @param state `paid`, or `open` if the shopper may check again */
function showResult(state, heading, text) {
  element("result").dataset.state = state
  element("result-heading").textContent = heading
  element("result-text").textContent = text
  element("check-again").hidden = state === "paid"
  element("new-order").hidden = state !== "paid"
  show("result")
  element("result-heading").focus()
}

function show(part) {
  for (const id of PARTS) element(id).hidden = id !== part
}

function cell(className, text) {
  const span = document.createElement("span")
  span.className = className
  span.textContent = text
  return span
}

function money(amount, currency) {
  return new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency }).format(amount)
}
