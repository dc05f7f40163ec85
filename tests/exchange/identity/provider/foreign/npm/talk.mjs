// What the scripts share: one JSON line in, one out. The test is the browser and the person before it.
import { createInterface } from 'node:readline'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
export const given = JSON.parse(process.argv[2])
export const say = (value) => console.log(JSON.stringify(value))
export const hear = async () => JSON.parse((await lines.next()).value)
export const importKey = (jwk) =>
  crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
