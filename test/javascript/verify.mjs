// Reads {"secret", "headers", "body"} from standard input and verifies it as a
// backend would. Prints the event's id; a wrong signature ends it with status 1.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const { secret, headers, body } = JSON.parse(readFileSync(0, "utf8"));
const event = new Webhook(secret).verify(body, headers);
console.log(event.id);
