/** Stands in for node:crypto in pages, where nobody calls it. */
export {}
