import { kubernetesTools } from '@zoco/testing';

// Before the first test, as a test that had to wait for the download would run out of time.
await kubernetesTools();
