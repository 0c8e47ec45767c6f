export {
  guidelineAction,
  skipAction,
  submitAction,
  workActions,
  type WorkContext,
} from "./actions";
export { ConflictNotice } from "./ConflictNotice";
export { useWorkTask, type WorkTask } from "./useWorkTask";
export { WorkFrame } from "./WorkFrame";
