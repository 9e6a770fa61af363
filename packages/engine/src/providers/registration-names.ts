/** Name of the registration that comes with the provider: from the environment, or stored beside a stored provider. */
export const defaultRegistration = "default";

/** What the encryption of its secret is bound to. */
export const secretPlace = (provider: string, name: string) => `client_registrations/${provider}/${name}/client_secret`;
