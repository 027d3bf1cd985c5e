/** Version of the light client's store. Raise it with every change that an older program would misread. */
export const LIGHT_STORE_VERSION = 1
