// Adds a job for each word of its command line.
const { Queue } = require("bullmq");
const { connection } = require("./connection");

(async () => {
  const queue = new Queue("messages", { connection });
  for (const word of process.argv.slice(2)) {
    await queue.add("send", { messageId: word }, { attempts: 3, backoff: { type: "fixed", delay: 50 } });
  }
  await queue.close();
  process.exit(0);
})();
