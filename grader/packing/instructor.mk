# What instructors type. Included by the Makefile where solution/ is.

.PHONY: handout release reference seeds shared-lines gradescope autolab \
        classroom prairielearn

pack = +@MAKEFLAGS= PYTHONPATH=grader python3 -B -m packing
secret = $(if $(SECRET),--secret $(SECRET))

handout: ## the students' package, as a folder and a tar file
	$(pack) handout $(ARGS)

release: ## the same with some labs only: LAB=3 gives labs 1 to 3
	$(pack) handout --labs $(or $(LAB),$(error which lab? LAB=3)) $(ARGS)

reference: ## hand out the reference of a past lab: LAB=2 FORM=source|objects
	$(pack) reference $(or $(LAB),$(error which lab? LAB=2)) \
	    --form $(or $(FORM),source) $(ARGS)

seeds: ## publish the seeds of a term that is over: SECRET=FILE
	$(pack) seeds --secret $(or $(SECRET),$(error which secret? SECRET=FILE)) \
	    $(ARGS)

shared-lines: ## list anew the lines that reference and package share: look at it
	$(pack) shared-lines

gradescope: ## an autograder for Gradescope: SECRET=FILE LABS="rpc election"
	$(pack) gradescope $(secret) $(if $(LABS),--labs $(LABS)) $(ARGS)

autolab: ## an autograder for Autolab: SECRET=FILE LABS=rpc
	$(pack) autolab $(secret) $(if $(LABS),--labs $(LABS)) $(ARGS)

prairielearn: ## an external grader for PrairieLearn: SECRET=FILE LABS=rpc
	$(pack) prairielearn $(secret) $(if $(LABS),--labs $(LABS)) $(ARGS)

classroom: ## a workflow for GitHub Classroom: LABS=rpc
	$(pack) classroom $(if $(LABS),--labs $(LABS)) $(ARGS)
