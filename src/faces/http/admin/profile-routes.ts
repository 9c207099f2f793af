/** Profiles: the recipes by which an environment issues. */
import type { onRequestAsyncHookHandler } from 'fastify';
import { ProfileBody, ProfileChangeBody, ProfileJson, ProfileList } from '../../../api/profile.ts';
import { EnvironmentPageQuery, OwnedPath, VersionQuery } from '../../../api/registry.ts';
import { NoQuery } from '../../../api/service.ts';
import type { Profile } from '../../../domain/policy/profile.ts';
import type { RegistryServices } from '../../../services/registry/registry-services.ts';
import { callerOf } from '../arrival/authentication.ts';
import { changeProblems, jsonAnswer, operatorSecurity, problems, readProblems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { integersInQuery } from '../json/integers-in-query.ts';
import { sendJson } from '../routes/certificate-formats.ts';
import type { May } from './may.ts';
import { wholeBody } from './whole-body.ts';

const shared = { tags: ['profiles'], security: operatorSecurity };
const profileProblems = [...changeProblems, 'policyRefused', 'notFound', 'signerUnavailable'] as const;

export function addProfileRoutes(face: Face, services: RegistryServices, may: May): void {
  addProfileReads(face, services, may('read'));
  addProfileChanges(face, services, may('administer'));
}

function addProfileReads(face: Face, services: RegistryServices, onRequest: onRequestAsyncHookHandler[]): void {
  face.get(
    '/v1/profiles',
    {
      onRequest,
      preValidation: integersInQuery('limit'),
      schema: {
        ...shared,
        operationId: 'listProfiles',
        summary: 'All profiles by environment and name, in pages',
        querystring: EnvironmentPageQuery,
        response: { 200: jsonAnswer('The profiles.', ProfileList), ...problems(...readProblems) },
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await services.listProfiles({ limit: 100, ...request.query });
      return sendJson(reply, { items: items.map(profileJson), nextCursor } satisfies ProfileList);
    },
  );

  face.get(
    '/v1/profiles/:environment/:name',
    {
      onRequest,
      preValidation: integersInQuery('version'),
      schema: {
        ...shared,
        operationId: 'readProfile',
        summary: 'One profile, as it is or in an earlier version',
        params: OwnedPath,
        querystring: VersionQuery,
        response: { 200: jsonAnswer('The profile.', ProfileJson), ...problems(...readProblems, 'notFound') },
      },
    },
    async ({ params, query }, reply) =>
      sendJson(reply, profileJson(await services.readProfile(params.environment, params.name, query.version))),
  );
}

function addProfileChanges(face: Face, services: RegistryServices, onRequest: onRequestAsyncHookHandler[]): void {
  face.post(
    '/v1/profiles',
    {
      onRequest,
      ...wholeBody,
      schema: {
        ...shared,
        operationId: 'createProfile',
        summary: 'Add a profile to an environment',
        querystring: NoQuery,
        body: ProfileBody,
        response: { 201: jsonAnswer('The profile.', ProfileJson), ...problems(...profileProblems) },
      },
    },
    async (request, reply) => {
      const profile = await services.createProfile(callerOf(request), request.body);
      const location = `/v1/profiles/${profile.environment}/${profile.name}`;
      return sendJson(reply.code(201).header('location', location), profileJson(profile));
    },
  );

  face.put(
    '/v1/profiles/:environment/:name',
    {
      onRequest,
      ...wholeBody,
      schema: {
        ...shared,
        operationId: 'changeProfile',
        summary: 'Change a profile: a new version, by which the next request is judged',
        description:
          'Replaces the whole profile. `version` is the one it was read at; `conflict` if it has changed since.',
        params: OwnedPath,
        querystring: NoQuery,
        body: ProfileChangeBody,
        response: { 200: jsonAnswer('The profile.', ProfileJson), ...problems(...profileProblems) },
      },
    },
    async (request, reply) => {
      const { environment, name } = request.params;
      return sendJson(
        reply,
        profileJson(await services.changeProfile(callerOf(request), environment, name, request.body)),
      );
    },
  );
}

/** A profile of a product holds only usages that the contract lists: its parser has seen to it. */
const profileJson = ({ environment, name, version, authority, ...definition }: Profile): ProfileJson =>
  ({ environment, name, version, authority, ...definition }) as ProfileJson;
