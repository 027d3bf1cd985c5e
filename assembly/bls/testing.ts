/** Entry of a build for tests alone: the insides of the kernel by name. Not part of bls.wasm. */
export { addOne, combineOne, reduceOne, subOne } from './limbs'
export { fpInverse, fpMul, fpPower, fpSqr, fpToPlain } from './fp'
export { fp2Inverse, fp2Mul, fp2Root, fp2Sign, fp2Sqr, fpRoot } from './fp2'
export { fp12CyclotomicSqr, fp12Frobenius, fp12Inverse, fp12Mul, fp12MulByLine, fp12Sqr } from './tower'
export { addPoints, clearCofactor, doublePoint, isInG1, isInG2, multiplyByX, psi, toAffine } from './curve'
export { addTerm, beginCombination, finishCombination } from './combination'
