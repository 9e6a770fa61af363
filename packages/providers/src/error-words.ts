import { maskSecrets } from "./mask-secrets.ts";

/**
 * The words that error texts of token endpoints are made of: RFC 6749 section 5.2, OpenID Connect Core section 3.1.2.6, and what the
 * providers of the catalogue say. A list, not a pattern: a token may look like a word, and a name is one.
 */
const vocabulary = new Set(
  `a about access account accounts action active activity add added address admin administrator after again all allow allowed already also an
  and another any api app application applications applied approval approved are as ask asked assertion at attempt attempts audience auth
  authenticate authenticated authentication authorisation authorised authorization authorize authorized authorizing available bad base basic
  be bearer because been before being between body both browser but by call called calls can cannot cant category challenge change changed
  check claim claims client closed code codes complete conditional configuration configured confidential conflict connect connected
  connection consent consented consumed contact contain contains content continuously could country create created credential credentials
  current currently daily data date day days deactivated declined default delete deleted denied deny deprecated describe developer device did
  different directory disabled disallowed display does domain done due duplicate during each either email empty enabled end ended endpoint
  enforced enter error errors exceed exceeded exception exchange exist existing exists expected expire expired expires expiration expiry
  factor fail failed failure fatal fault field fields first flow for forbidden form format found from future gateway get given global got
  grant granted grants group had has have header headers help hour hourly hours however http https id identifier identity if implicit in
  inactive inactivity incorrect info information instance insufficient integration interaction internal invalid invalidated invocation
  invoke ip is issue issued issuer it its json key known large last later level license limit limited limits locked log login long longer
  made maintenance make malformed management many matched match matches matching max maximum may maybe mechanism member merchant message
  method mfa minute minutes mismatch mismatched missing more multi multifactor multiple must name need needed needs network new no none
  nonce not null number oauth object obtain occur occurred of off offline ok old on once one only open openid operation or org
  organisation organization origin other our out outdated own owner page param parameter parameters params parse partner passed password
  payload pending per perform performed permanently permission permissions permitted pkce platform please policy port possible post presented
  previous previously private problem processed processing prompt property protocol provide provided provider proxy public query quota
  raised rapt rate ratelimited reach reached read reason reauth reauthenticate reauthentication reauthorization reauthorize received
  recent redirect redirection redirects refresh refreshed refused region registered registration reissue reject rejected related removed
  renew renewed renewal replay replayed report request requested requests require required requires reset resource resources
  response restricted result retry return returned reuse reused revocation revoke revoked role rolling rotated rotation same
  save saving scope scopes second secondary secondly seconds secret secure security see seems select selection send sent server service
  session sessions settings should sign signature signed signin single site slow some something soon specified ssl standard state status still
  store stored subject submitted subscription success support supported suspended suspicious system target team temporarily temporary ten
  tenant terminated test than that the their them then there these they this those throttle throttled throttling time timed timeout
  timestamp title tls to token tokens too transient trial trusted try trying twice two type unable unauthenticated unauthorised
  unauthorized unavailable unexpected unhandled unknown unprocessable unrecognized unsupported until update updated upgrade upstream uri
  url usage use used user users using valid validate validated validating validation value values verification verified verifier verify
  version via wait warning was we website were when which while will with within without workspace wrong you your`.split(
    /\s+/,
  ),
);

/** Microsoft's numbers of errors, which its pages explain: https://learn.microsoft.com/entra/identity-platform/reference-error-codes */
const numbered = /^AADSTS\d{4,7}$/;

const mask = "***";
const edges = /^[^\p{L}\p{N}]*|[^\p{L}\p{N}]*$/gu;

/**
 * What a provider says of an error, in the words that such texts are made of; everything else is `***`, and so is what was sent
 * (`secrets`) in any spelling. Providers echo tokens, names and addresses, some of them cut into pieces that look like words or numbers: so
 * a number stands only where its neighbours are words.
 */
export function errorWords(text: string, secrets: readonly string[] = []): string {
  const words = maskSecrets(text, secrets)
    .split(/[\p{C}\s]+/u)
    .filter((word) => word !== "");
  const kinds = words.map(kindOf);
  const stands = (at: number) =>
    kinds[at] === "word" || (kinds[at] === "number" && isWord(kinds[at - 1]) && isWord(kinds[at + 1]));
  const shown = words.map((word, at) => (stands(at) ? word : mask));
  return shown.filter((word, at) => word !== mask || shown[at - 1] !== mask).join(" ");
}

/** The edge of the text counts as one. */
const isWord = (kind: ReturnType<typeof kindOf> | undefined) => kind === "word" || kind === undefined;

/** `invalid_grant`, `OAuthException`, `(#4)`, `client_id/client_secret.` are words, each part of them known. */
function kindOf(text: string): "word" | "number" | "unknown" {
  const core = text.replaceAll(edges, "");
  if (core === "") return text.length <= 2 ? "word" : "unknown";
  if (/^\d{1,4}$/.test(core)) return "number";
  if (numbered.test(core)) return "word";
  const parts = core
    .replaceAll(/['’]/g, "")
    .replaceAll("OAuth", "Oauth")
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .split(/[ _\-./:,;=&|()[\]]+/);
  return parts.every((part) => vocabulary.has(part.toLowerCase())) ? "word" : "unknown";
}
