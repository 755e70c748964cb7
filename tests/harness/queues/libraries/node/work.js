// Works on jobs; one called retry-… fails the first time.
const { Worker } = require("bullmq");
const { connection } = require("./connection");

const failed = new Set();
const worker = new Worker(
  "messages",
  async (job) => {
    const word = job.data.messageId;
    if (word.startsWith("retry-") && !failed.has(word)) {
      failed.add(word);
      throw new Error("it fails once");
    }
  },
  { connection },
);
worker.on("error", (error) => console.error(error));
