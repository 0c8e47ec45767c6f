import { account } from "./en/account";
import { actions } from "./en/actions";
import { app } from "./en/app";
import { common, errors, save } from "./en/common";
import { comparisons, mine } from "./en/comparisons";
import { format, guideline, home, kinds, sampling } from "./en/home";
import { imports } from "./en/imports";
import { datasets, progress } from "./en/manager";
import { personal } from "./en/personal";
import { prompts } from "./en/prompts";
import { quality } from "./en/quality";
import { ranking } from "./en/ranking";
import { reasons } from "./en/reasons";
import { recipes } from "./en/recipes";
import { review } from "./en/review";
import { params, policies, samplingPage } from "./en/sampling";
import { chat, demonstration, thread } from "./en/thread";
import { questions, roles, work } from "./en/work";
import { asked, declaration, time, trial, withdrawn, written } from "./en/written";

/** Every English sentence of the app, by area. */
export const english = {
  account,
  actions,
  app,
  asked,
  withdrawn,
  chat,
  common,
  comparisons,
  datasets,
  declaration,
  demonstration,
  errors,
  format,
  guideline,
  home,
  imports,
  kinds,
  mine,
  params,
  personal,
  policies,
  progress,
  prompts,
  quality,
  questions,
  ranking,
  reasons,
  recipes,
  review,
  roles,
  sampling,
  samplingPage,
  save,
  thread,
  time,
  trial,
  work,
  written,
};
