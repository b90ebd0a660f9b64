// A real OpenID provider for the tests: oidc-provider, which is OpenID Certified, with people of any name and keys of this run alone.
// Usage: node oidc.mjs <folder of the package> <address to come back to>; prints its own address when it listens.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [folder, back] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(`${folder}/lib/index.js`));

const jwk = (kid, kind, options) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }), kid, use: "sig",
});
const client = (client_id, more) => ({ client_id, client_secret: `secret of ${client_id}: + and %`, redirect_uris: [back], ...more });

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      client("basic"),
      client("post", { token_endpoint_auth_method: "client_secret_post" }),
      client("public", { token_endpoint_auth_method: "none", client_secret: undefined }),
      client("es256", { id_token_signed_response_alg: "ES256" }),
      client("eddsa", { id_token_signed_response_alg: "EdDSA" }),
      client("ps256", { id_token_signed_response_alg: "PS256" }),
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    cookies: { keys: ["of the tests"] },
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "PS256", "ES256", "EdDSA"] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@mail.example`, email_verified: !id.startsWith("new-"), name: `The ${id}` }),
    }),
    jwks: {
      keys: [jwk("r", "rsa", { modulusLength: 2048 }), jwk("e", "ec", { namedCurve: "P-256" }), jwk("o", "ed25519", {})],
    },
    pkce: { required: () => true, methods: ["S256"] },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
  });
  server.on("request", provider.callback());
  console.log(`listening ${issuer}`);
});
