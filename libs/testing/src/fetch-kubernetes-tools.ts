import { kubernetesTools } from './kubernetes-tools.ts';

// `npm test` runs this beside its first steps, so that nobody waits when the chart's turn comes.
await kubernetesTools();
