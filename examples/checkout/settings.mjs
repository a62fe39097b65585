/**
 * The settings of the example, from the environment.
 *
 * @param {NodeJS.ProcessEnv} env
 * @throws {Error} that names what is missing
 */
export function readSettings(env) {
  return {
    port: Number(env.PORT ?? "4242"),
    serviceUrl: (env.SERVICE_URL ?? "http://127.0.0.1:9000").replace(/\/+$/, ""),
    /** For the browser. */
    publishableKey: required(env, "PUBLISHABLE_KEY", "a publishable key of the payment service: pk_..."),
    /** Stays on this server. */
    secretKey: required(env, "SECRET_KEY", "a secret key of the payment service: sk_..."),
    stripePublishableKey: required(
      env,
      "STRIPE_PUBLISHABLE_KEY",
      "the publishable key at Stripe's dashboard: pk_test_...",
    ),
    /** A version of Stripe.js belongs to one of Stripe's API, which the payment service speaks. */
    stripeJsUrl: env.STRIPE_JS_URL ?? "https://js.stripe.com/endive/stripe.js",
  }
}

function required(env, name, meaning) {
  const value = env[name]
  if (value) return value
  throw new Error(`${name} is missing. Set it to ${meaning}`)
}
