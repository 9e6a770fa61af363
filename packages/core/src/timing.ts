/** Timing that an operator may change. Everything `decide` and `due` need besides the connection and the provider. */
export interface Timing {
  readonly marginMs: number;
  /** Upper bound of the deterministic spread of due times, earlier only. 0 turns it off. */
  readonly spreadMs: number;
  /** No connection is refreshed by itself again sooner than this after a grant, however short its tokens live. */
  readonly leastApartMs: number;
  /** First quick retry; doubles each time. */
  readonly quickRetryMs: number;
  readonly quickRetries: number;
  readonly quickRetryCapMs: number;
  /** Share of the delay that jitter may add: 0.3 turns 1 s into 1 to 1.3 s. */
  readonly jitter: number;
  /** After the quick retries: again every 5 minutes. */
  readonly retryMs: number;
  /** For this long; then every `slowRetryMs`. */
  readonly retryForMs: number;
  readonly slowRetryMs: number;
  /** Give up and ask the user to reconnect after failing this long. */
  readonly giveUpAfterMs: number;
  /** So long before the end of its access token a single-use refresh token whose answer was lost is tried once more. */
  readonly carefulRetryMs: number;
  /** Wait after a throttled answer that states no time. */
  readonly throttleMs: number;
  readonly throttleCapMs: number;
  /** One probe of an open circuit, or of a connection with an unknown answer, in this time. */
  readonly circuitProbeMs: number;
  readonly unknownProbeMs: number;
  /** So many other connections with an unknown answer within `unknownWindowMs` open the circuit, unless as many are granted meanwhile. */
  readonly unknownToOpenCircuit: number;
  readonly unknownWindowMs: number;
  /** After this long of unknown answers the user is offered to reconnect, if the access token has ended. */
  readonly unknownReconnectAfterMs: number;
  /** So many denials within `unknownWindowMs` may be the provider's error: see `isMassDenial`. */
  readonly denialsToSuspect: number;
  /** What is denied for so long is dead, whatever the number. */
  readonly denialsBelievedAfterMs: number;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

export const defaultTiming: Timing = {
  marginMs: 5 * minute,
  spreadMs: 30 * second,
  leastApartMs: 30 * second,
  quickRetryMs: second,
  quickRetries: 3,
  quickRetryCapMs: 30 * second,
  jitter: 0.3,
  retryMs: 5 * minute,
  retryForMs: day,
  slowRetryMs: hour,
  giveUpAfterMs: 30 * day,
  carefulRetryMs: minute,
  throttleMs: minute,
  throttleCapMs: day,
  circuitProbeMs: 5 * minute,
  unknownProbeMs: hour,
  unknownToOpenCircuit: 3,
  unknownWindowMs: 10 * minute,
  unknownReconnectAfterMs: day,
  denialsToSuspect: 3,
  denialsBelievedAfterMs: 6 * hour,
};
