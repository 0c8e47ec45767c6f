import { skipToken, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { client, unwrap } from "@/api/client";
import { randomKey } from "@/lib/randomKey";

import { assignmentQuery } from "./useWork";

/** Names this page to the server until that has heard of its leaving; what comes back is another page. */
let page = randomKey();

const elsewhereKey = (assignment: number) => ["elsewhere", assignment];

/** Tells the server that the person is at work here. Refused while another page is at work on it. */
export const beat = (assignment: number, takeOver = false) =>
  unwrap(
    client.POST("/api/v1/assignments/{assignment_id}/beat/", {
      params: { path: { assignment_id: assignment } },
      body: { page, take_over: takeOver },
    }),
  );

/** Notes that the work is open on another page, which keeps it from being open here. */
export const noteElsewhere = (cache: QueryClient, assignment: number) =>
  cache.setQueryData(elsewhereKey(assignment), true);

/** Whether the work is open in another tab or on another device, and how to go on with it here. */
export function useOpenElsewhere(assignment: number) {
  const cache = useQueryClient();
  const elsewhere = useQuery<boolean>({
    queryKey: elsewhereKey(assignment),
    queryFn: skipToken,
    initialData: false,
  });
  useEffect(() => {
    const leave = () => {
      const left = page;
      page = randomKey();
      void unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/leave/", {
          params: { path: { assignment_id: assignment } },
          body: { page: left },
          // Sent although the page is on its way out.
          keepalive: true,
        }),
      ).catch(() => {
        // The server, signed out of or out of reach, still takes the work to be open on that page.
        page = left;
      });
    };
    window.addEventListener("pagehide", leave);
    return () => {
      window.removeEventListener("pagehide", leave);
      leave();
      cache.removeQueries({ queryKey: elsewhereKey(assignment) });
    };
  }, [assignment, cache]);

  return {
    elsewhere: elsewhere.data,
    continueHere: async () => {
      await beat(assignment, true);
      await cache.refetchQueries({ queryKey: assignmentQuery(assignment).queryKey });
      cache.setQueryData(elsewhereKey(assignment), false);
    },
  };
}
