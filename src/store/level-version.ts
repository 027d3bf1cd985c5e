/** Version of the full node's store on disk. Raise it with every change that an older program would misread. */
export const NODE_STORE_VERSION = 1
