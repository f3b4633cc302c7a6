import { buildAccess, neighbourhood } from '../graph/index.ts';
import type { Plan } from '../model/index.ts';
import { type PlanInput, rotationCalendar } from '../plan/index.ts';
import type { PlanContext } from '../report/index.ts';

/** What a page shows beside the plan: the calendar, and the graph one step around what the plan touches. */
export function pageContext(input: PlanInput, plan: Plan): PlanContext {
  const touched = [...new Set(plan.changes.map((c) => c.address))];
  return { calendar: rotationCalendar(input), graph: neighbourhood(buildAccess(input.desired), touched, 1) };
}
