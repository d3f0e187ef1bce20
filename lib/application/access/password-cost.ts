/** OWASP's least for scrypt with 32 MiB: some 150 ms a password. Old hashes keep their own numbers until they are made anew. */
export const COST = { N: 2 ** 15, r: 8, p: 3 }
