// oauth4webapi (npm) against the provider: each step by itself, each answer checked by the library.
import * as oauth from 'oauth4webapi'
import { given, hear, importKey, say } from './talk.mjs'

const issuer = new URL(given.issuer)
const insecure = { [oauth.allowInsecureRequests]: true }
const strict = given.kind === 'strict'

const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))
const pure = { ...insecure, algorithm: 'oauth2' }
await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, pure))

const client = { client_id: given.id, id_token_signed_response_alg: strict ? 'ES256' : 'RS256' }
const auth = strict
  ? oauth.PrivateKeyJwt({ key: await importKey(given.key), kid: given.key.kid })
  : given.kind === 'public'
    ? oauth.None()
    : oauth.ClientSecretBasic(given.secret)
const DPoP = strict ? oauth.DPoP(client, await oauth.generateKeyPair('ES256')) : undefined
const options = { ...insecure, DPoP }

// A proof needs the house's nonce: where it is asked for, the same call once more carries it.
async function calling(call, process) {
  try {
    return await process(await call())
  } catch (error) {
    if (!strict || !oauth.isDPoPNonceError(error)) throw error
    return process(await call())
  }
}

const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const nonce = oauth.generateRandomNonce()
const asking = new URLSearchParams({
  client_id: given.id,
  redirect_uri: given.redirectUri,
  response_type: 'code',
  scope: 'openid',
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
})
let url = new URL(`${as.authorization_endpoint}?${asking}`)
if (strict) {
  const pushed = await calling(
    () => oauth.pushedAuthorizationRequest(as, client, auth, asking, options),
    (answer) => oauth.processPushedAuthorizationResponse(as, client, answer),
  )
  url = new URL(`${as.authorization_endpoint}?${new URLSearchParams({ client_id: given.id, request_uri: pushed.request_uri })}`)
}
say({ url: url.href })
const params = oauth.validateAuthResponse(as, client, new URL((await hear()).back), state)

const tokens = await calling(
  () => oauth.authorizationCodeGrantRequest(as, client, auth, params, given.redirectUri, verifier, options),
  (answer) => oauth.processAuthorizationCodeResponse(as, client, answer, { expectedNonce: nonce, requireIdToken: true }),
)
const claims = oauth.getValidatedIdTokenClaims(tokens)
const person = await calling(
  () => oauth.userInfoRequest(as, client, tokens.access_token, options),
  (answer) => oauth.processUserInfoResponse(as, client, claims.sub, answer),
)
const resource = await calling(
  () => oauth.protectedResourceRequest(tokens.access_token, 'GET', new URL(given.resource), undefined, undefined, options),
  (answer) => answer.status,
)
const second = await calling(
  () => oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, options),
  (answer) => oauth.processRefreshTokenResponse(as, client, answer),
)
await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, second.refresh_token, insecure))
say({ claims, person, type: tokens.token_type, resource })
process.exit(0)
