import { createEvertoken, type Evertoken } from "@evertoken/client";
import { Global, Inject, Module, type OnApplicationShutdown } from "@nestjs/common";

/** `@Inject(EVERTOKEN) evertoken: Evertoken`, in any provider or controller. */
export const EVERTOKEN = Symbol("evertoken");

const evertoken = {
  provide: EVERTOKEN,
  useFactory: () => createEvertoken({ url: process.env.EVERTOKEN_URL, key: process.env.EVERTOKEN_KEY }),
};

@Global()
@Module({ providers: [evertoken], exports: [evertoken] })
export class EvertokenModule implements OnApplicationShutdown {
  readonly #evertoken: Evertoken;

  constructor(@Inject(EVERTOKEN) evertoken: Evertoken) {
    this.#evertoken = evertoken;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#evertoken.close();
  }
}
