import { actions } from "./en/actions";
import { app } from "./en/app";

/** Every English sentence of the app, by area. */
export const english = { actions, app };
