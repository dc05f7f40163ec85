// openid-client (npm) against the provider: a simple application, a strict one, a device, an application for itself.
import * as client from 'openid-client'
import { given, hear, importKey, say } from './talk.mjs'

const { issuer, redirectUri, kind } = given
const insecure = { execute: [client.allowInsecureRequests] }

async function discover() {
  if (kind === 'strict') {
    const key = await importKey(given.key)
    const metadata = { id_token_signed_response_alg: 'ES256' }
    return client.discovery(new URL(issuer), given.id, metadata, client.PrivateKeyJwt({ key, kid: given.key.kid }), insecure)
  }
  return client.discovery(new URL(issuer), given.id, undefined, client.ClientSecretBasic(given.secret), insecure)
}

const config = await discover()
const bound = kind === 'strict' ? { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256')) } : {}

async function signIn() {
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedState = client.randomState()
  const expectedNonce = client.randomNonce()
  const asking = {
    redirect_uri: redirectUri,
    scope: 'openid offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    max_age: '3600',
    prompt: 'consent',
  }
  const url =
    kind === 'strict'
      ? await client.buildAuthorizationUrlWithPAR(config, asking, bound)
      : client.buildAuthorizationUrl(config, asking)
  say({ url: url.href })
  const back = new URL((await hear()).back)
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, maxAge: 3600, idTokenExpected: true }
  return client.authorizationCodeGrant(config, back, checks, undefined, bound)
}

if (kind === 'device') {
  const waiting = await client.initiateDeviceAuthorization(config, { scope: 'openid' })
  say({ userCode: waiting.user_code, at: waiting.verification_uri })
  await hear()
  const tokens = await client.pollDeviceAuthorizationGrant(config, waiting)
  say({ sub: tokens.claims().sub, refresh: tokens.refresh_token ?? null })
} else if (kind === 'itself') {
  const tokens = await client.clientCredentialsGrant(config, { scope: given.scope })
  say({ told: await client.tokenIntrospection(config, tokens.access_token) })
} else {
  const tokens = await signIn()
  const claims = tokens.claims()
  const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub, bound)
  const second = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, bound)
  const told = await client.tokenIntrospection(config, second.access_token)
  await client.tokenRevocation(config, second.refresh_token)
  const after = await client.tokenIntrospection(config, second.access_token)
  const leave = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: given.bye })
  say({ claims, person, type: tokens.token_type, told: told.active, after: after.active, leave: leave.href })
}
process.exit(0)
