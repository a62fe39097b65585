/**
 * Stripe.js comes from Stripe itself: it is neither bundled nor hosted by the shop.
 *
 * @param {{ scriptUrl: string, publishableKey: string }} settings
 */
export function loadStripe({ scriptUrl, publishableKey }) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script")
    script.src = scriptUrl
    script.onload = () => resolve(window.Stripe(publishableKey))
    script.onerror = () => reject(new Error("Stripe.js could not be loaded"))
    document.head.append(script)
  })
}
