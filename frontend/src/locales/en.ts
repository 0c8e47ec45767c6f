import { actions } from "./en/actions";
import { app } from "./en/app";
import { common, errors, save } from "./en/common";

/** Every English sentence of the app, by area. */
export const english = { actions, app, common, errors, save };
