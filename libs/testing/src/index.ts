export { createTestWorld, type TestWorld, type TestWorldOptions } from './world.ts';
export { testTenant } from './tenant.ts';
export { type TokenOptions, createTestTokens, type TestTokens } from './tokens.ts';
export { createTestDatabase, type TestDatabase } from './database.ts';
export { eventually } from './eventually.ts';
export { startPrivateNats, startTestServers, type TestServers } from './servers.ts';
export { kubernetesTools, type KubernetesTools } from './kubernetes-tools.ts';
export { startTestApiServer, TEST_SUBJECTS_PREFIX, type TestApiServer } from './api-server.ts';
export { type Certificate, createTestAuthority, type TestAuthority } from './certificates.ts';
