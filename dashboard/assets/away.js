import { timed } from "./dom.js";

// Away is a cluster that was looked at and does not answer.
export const isAway = (c) => c.up === false && Boolean(c.lastAnswer || c.error);

// That it is, since when and why. One that never answered has no time.
export function awayText(c) {
  const who = c.name === "-" ? "The cluster" : `Cluster ${c.name}`;
  const since = c.lastAnswer ? `${who} has not answered since ${c.lastAnswer}` : `${who} has not answered yet`;
  return timed(c.error ? `${since}: ${c.error}` : `${since}.`, c.lastAnswer);
}
