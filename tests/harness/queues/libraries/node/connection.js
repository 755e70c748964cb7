const { hostname, port } = new URL(process.env.REDIS_URL);
exports.connection = { host: hostname, port: Number(port), maxRetriesPerRequest: null };
