export {
  guidelineAction,
  questionsAction,
  skipAction,
  submitAction,
  workActions,
  type WorkContext,
} from "./actions";
export { ConflictNotice } from "./ConflictNotice";
export { StaleThreadNotice } from "./StaleThreadNotice";
export { SubmitRefusal } from "./SubmitRefusal";
export { useWorkTask, type WorkTask } from "./useWorkTask";
export { WorkFrame } from "./WorkFrame";
