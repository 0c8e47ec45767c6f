import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import type { Assignment, Conversation, ThreadTurn } from "@/api/types";
import { assignmentQuery } from "@/hooks/useWork";

import { useSaveThread } from "./requests";

/** The conversation being written, and the one way to change it. */
export function useThread(assignment: Assignment, initial: Conversation) {
  const cache = useQueryClient();
  const save = useSaveThread(assignment.id);
  const [conversation, setConversation] = useState(initial);

  const write = async (turns: ThreadTurn[]): Promise<Conversation> => {
    const next = await save.mutateAsync({ version: conversation.version, turns });
    setConversation(next);
    cache.setQueryData(assignmentQuery(assignment.id).queryKey, (cached) =>
      cached === undefined ? cached : { ...cached, conversation: next },
    );
    return next;
  };
  return { conversation, write, writing: save.isPending, error: save.error };
}
