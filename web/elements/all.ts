/** Defines every element. */
export { StakecubeBalance } from './stakecube-balance.ts'
export { StakecubeClient } from './stakecube-client.ts'
export { StakecubeCube } from './stakecube-cube.ts'
export { StakecubeFinality } from './stakecube-finality.ts'
export { StakecubeHeads } from './stakecube-heads.ts'
export { StakecubePay } from './stakecube-pay.ts'
export { StakecubeProof } from './stakecube-proof.ts'
export { StakecubeStatus } from './stakecube-status.ts'
