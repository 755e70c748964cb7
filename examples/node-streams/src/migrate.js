// Brings the schema up to date: `npm run migrate`.
import { close, migrate } from './database.js';

await migrate();
await close();
